import { parseJson, parsePublish } from '@earshot/protocol';
import { isRefusal, ok, okEmpty, refusal } from './answer.ts';
import { type Endpoint, parametersOf, textOf } from './call.ts';
import { publishEvents, publishedInfo, takePublishes, wantsInfo } from './publishing.ts';

/** `POST /apps/{id}/events` (API-3 to API-7). */
export const events: Endpoint = async (parts, call) => {
  const { app } = call;
  const body = jsonBody(call.body);
  if (body instanceof Response) return body;
  const event = parsePublish(body.value, parametersOf(call), app.settings);
  if (isRefusal(event)) return refusal(event.status, event.message);
  const over = await takePublishes(parts, app, 1);
  if (over !== null) return over;
  await publishEvents(parts, app, [event]);
  if (!wantsInfo(event.info)) return okEmpty();
  const channels = new Map<string, object>();
  for (const channel of event.channels) {
    channels.set(channel.name, await publishedInfo(parts, app, channel, event.info));
  }
  return ok({ channels: Object.fromEntries(channels) });
};

/** The body as JSON; `value` is undefined when there is none. */
export function jsonBody(body: Uint8Array): { value: unknown } | Response {
  if (body.length === 0) return { value: undefined };
  const text = textOf(body);
  if (text === null) return refusal(400, 'The body is not valid UTF-8');
  const parsed = parseJson(text);
  return 'refused' in parsed ? refusal(400, `${parsed.refused} (in the request body)`) : parsed;
}
