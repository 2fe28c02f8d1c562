import { parseBatch } from '@earshot/protocol';
import { isRefusal, ok, okEmpty, refusal } from './answer.ts';
import type { Endpoint } from './call.ts';
import { jsonBody } from './events.ts';
import { publishEvents, publishedInfo, takePublishes, wantsInfo } from './publishing.ts';

/** `POST /apps/{id}/batch_events` (API-8 to API-10). */
export const batchEvents: Endpoint = async (parts, call) => {
  const { app } = call;
  const body = jsonBody(call.body);
  if (body instanceof Response) return body;
  const batch = parseBatch(body.value, app.settings);
  if (isRefusal(batch)) return refusal(batch.status, batch.message);
  const over = await takePublishes(parts, app, batch.length);
  if (over !== null) return over;
  await publishEvents(parts, app, batch);
  if (!batch.some((event) => wantsInfo(event.info))) return okEmpty();
  const infos: object[] = [];
  for (const { channels, info } of batch) {
    const [channel] = channels;
    infos.push(
      channel !== undefined && wantsInfo(info) ? await publishedInfo(parts, app, channel, info) : {},
    );
  }
  return ok({ batch: infos });
};
