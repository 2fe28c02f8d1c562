import { limits } from '@earshot/chat/contract';
import { type AppSettings, appSettings } from '../config.ts';

/** Of a member of a presence channel of the chat, in bytes. */
const memberBytes = 1_000;
/** Of `presence-room-` and an id. */
const channelNameLength = 40;

/** What the app's settings keep its chat from doing, in words for whoever runs the server. Empty when all is well. */
export function chatNeeds(settings: AppSettings): string[] {
  const short: readonly [keyof AppSettings, least: number, without: string][] = [
    ['eventBytes', limits.eventBytes, 'long messages do not arrive by themselves'],
    ['memberBytes', memberBytes, 'people with long names or pictures do not show as online in rooms'],
    ['channelNameLength', channelNameLength, 'nobody can enter a room'],
    ['userIdLength', 22, 'nobody can sign in'],
  ];
  const needs = short
    .filter(([name, least]) => Number(settings[name]) < least)
    .map(
      ([name, least, without]) =>
        `${appSettings[name].env} is ${settings[name]}, less than ${least}: ${without}`,
    );
  if (!settings.userSignIn)
    needs.push('EARSHOT_APP_USER_SIGN_IN is false: whoever is removed from a room still hears it');
  if (!settings.clientEvents) needs.push('EARSHOT_APP_CLIENT_EVENTS is false: nobody sees others typing');
  return needs;
}
