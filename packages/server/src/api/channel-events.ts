import { parsePublish } from '@earshot/protocol';
import { isRefusal, refusal } from './answer.ts';
import { type Endpoint, parametersOf, textOf } from './call.ts';
import { publishEvents, takePublishes } from './publishing.ts';

/** `POST /apps/{id}/channels/{name}/events`, deprecated: the body is the data, the rest is in the query (API-16). */
export const channelEvents: Endpoint = async (parts, call) => {
  const { app } = call;
  const data = textOf(call.body);
  if (data === null) return refusal(400, 'The body is not valid UTF-8');
  const parameters = parametersOf(call);
  const event = parsePublish(
    {
      name: parameters.get('name')?.[0],
      socket_id: parameters.get('socket_id')?.[0],
      channels: [call.path[0]],
      data,
    },
    new Map(),
    app.settings,
  );
  if (isRefusal(event)) return refusal(event.status, event.message);
  const over = await takePublishes(parts, app, 1);
  if (over !== null) return over;
  await publishEvents(parts, app, [event]);
  return new Response(null, { status: 202 });
};
