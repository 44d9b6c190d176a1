/** The Record-Route parameter that carries a replaced identity, without any server. Run: node examples/library/uac.ts */
import { decodePair, encodePair } from 'trunkline/uac';

const stored = encodePair('sip:alice@atlanta.example.com', 'sip:batman@gotham.org', '');
console.log(`vsf=${stored}`);
console.log(decodePair(stored, 'sip:batman@gotham.org', ''));
