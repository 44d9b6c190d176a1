import type { Value } from '../../script/values.ts';
import { KsrPv } from './pv.ts';

/** Short ways to what routes read most (Kamailio's KSR.kx). */
export class KsrGetters extends KsrPv {
  get_ruri(): Value {
    return this.get('$ru');
  }
  get_ruser(): Value {
    return this.get('$rU');
  }
  get_rhost(): Value {
    return this.get('$rd');
  }
  get_duri(): Value {
    return this.get('$du');
  }
  get_furi(): Value {
    return this.get('$fu');
  }
  get_fuser(): Value {
    return this.get('$fU');
  }
  get_fhost(): Value {
    return this.get('$fd');
  }
  get_turi(): Value {
    return this.get('$tu');
  }
  get_tuser(): Value {
    return this.get('$tU');
  }
  get_thost(): Value {
    return this.get('$td');
  }
  get_method(): Value {
    return this.get('$rm');
  }
  get_callid(): Value {
    return this.get('$ci');
  }
  get_ua(): Value {
    return this.get('$ua');
  }
  get_au(): Value {
    return this.get('$au');
  }
  get_srcip(): Value {
    return this.get('$si');
  }
  get_srcport(): number {
    return this.getvn('$sp', 0);
  }
  get_status(): number {
    return this.getvn('$rs', 0);
  }
}
