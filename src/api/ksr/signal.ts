/** Thrown by `ksr.x.exit()` and its like to leave a handler, as Kamailio's script engines do. It is no error and never logged. */
export class EndOfHandler extends Error {
  constructor() {
    super('the handler has ended');
    this.name = 'EndOfHandler';
  }
}
