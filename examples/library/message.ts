/** Reading and answering a message without any server. Run: node examples/library/message.ts */
import { buildResponse, ParseFailure, parseMessage } from 'trunkline/message';

const message = parseMessage(
  'OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: "Al" <sip:al@example.com>;tag=1\r\n' +
    'To: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 7 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n',
);
if (message instanceof ParseFailure) throw new Error(message.reason);
console.log(`${message.method} from ${message.from?.display} number ${message.cseq?.seq}`);
console.log(buildResponse(message, 200, 'OK', { toTag: 'x' }).split('\r\n')[0]);
