import { BLOG_INSERTS, conformance, type Dialect } from './conformance.ts';
import { serverChaos } from './server-chaos.ts';

const dialect: Dialect = {
  id: 'id INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL',
  slow: (seconds) => `SELECT SLEEP(${seconds})`,
  numbers: (count) => `SELECT seq AS n FROM seq_1_to_${count}`,
  scripts: 'mysql',
  older: { sql: BLOG_INSERTS.older, change: 'character for character' },
  newer: {
    sql: BLOG_INSERTS.newer,
    change: "character for character, with sql_mode '' for its '' as the id",
    before: "SET sql_mode = ''",
  },
};

conformance('mysql', dialect, (place) => serverChaos('mysql', dialect, place));
