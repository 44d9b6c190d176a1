import { BLOG_INSERTS, conformance, type Dialect } from './conformance.ts';
import { serverChaos } from './server-chaos.ts';

const dialect: Dialect = {
  id: 'id SERIAL PRIMARY KEY NOT NULL',
  slow: (seconds) => `SELECT pg_sleep(${seconds})`,
  numbers: (count) => `SELECT n FROM generate_series(1, ${count}) AS n`,
  scripts: 'postgres',
  older: {
    sql: BLOG_INSERTS.older.replaceAll('`', '').replace('(NULL,', '(DEFAULT,'),
    change: 'without its backquotes and with DEFAULT for the id, which PostgreSQL wants',
  },
  newer: {
    sql: BLOG_INSERTS.newer.replace("('',", '(DEFAULT,'),
    change: "with DEFAULT for the id: PostgreSQL takes no '' for an integer",
    before: null,
  },
};

conformance('postgres', dialect, (place) => serverChaos('postgres', dialect, place));
