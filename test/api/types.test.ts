import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiTypes, committedTypes } from '../../scripts/api-types.ts';

test('the types of KSR and of module parameters are those of the definitions: npm run docs', () => {
  assert.ok(committedTypes() === apiTypes(), 'run "npm run docs" and commit what it writes');
});
