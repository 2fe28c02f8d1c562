import { expect, test } from 'bun:test';
import { defaultAppSettings } from '../config.ts';
import { chatNeeds } from './needs.ts';

test('settings that the chat cannot do without are named', () => {
  const settings = defaultAppSettings();
  expect(chatNeeds(settings)).toEqual([]);
  expect(chatNeeds({ ...settings, eventBytes: 1_000 })).toEqual([
    'EARSHOT_APP_EVENT_BYTES is 1000, less than 8000: long messages do not arrive by themselves',
  ]);
  expect(chatNeeds({ ...settings, userSignIn: false, clientEvents: false })).toHaveLength(2);
});
