/**
 * The packages that speak to PostgreSQL and MySQL. Most servers use one of them or none, and each costs a start tens of milliseconds and
 * the process megabytes: so a package is loaded with the first database of its kind.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** The package `pg`. */
export function postgresDriver(): typeof import('pg') {
  return load('pg') as typeof import('pg');
}

/** The package `mysql2`. */
export function mysqlDriver(): typeof import('mysql2') {
  return load('mysql2') as typeof import('mysql2');
}
