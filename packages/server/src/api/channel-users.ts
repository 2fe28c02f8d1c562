import { parseChannelName } from '@earshot/protocol';
import { ok, refusal } from './answer.ts';
import { type Endpoint, parametersOf } from './call.ts';

/** `GET /apps/{id}/channels/{name}/users` (API-14). */
export const channelUsers: Endpoint = async (parts, call) => {
  const extraneous = [...parametersOf(call).keys()];
  if (extraneous.length > 0) {
    return refusal(400, `The following query string parameters are extraneous: ${extraneous.join(', ')}`);
  }
  const name = parseChannelName(call.path[0] ?? '', call.app.settings.channelNameLength);
  if (name === null) return refusal(400, 'Invalid channel name');
  if (name.kind !== 'presence') {
    return refusal(400, 'Cannot retrieve the users of a channel unless it is a presence channel');
  }
  const userIds = await parts.roster.userIds(call.app.id, name.name);
  return ok({ users: userIds.map((id) => ({ id })) });
};
