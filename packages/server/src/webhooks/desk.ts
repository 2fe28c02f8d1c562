import type {
  FailedDelivery,
  Page,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookEndpointDraft,
  WebhookTest,
} from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

export type Refused = { readonly refused: string; readonly field?: string };

/** The webhooks of an app for those who run it. */
export interface WebhookDesk {
  endpoints(app: App): Promise<WebhookEndpoint[]>;
  /** Refused: addresses that are none, unknown kinds, headers of the protocol, more than 10 endpoints. */
  create(app: App, draft: WebhookEndpointDraft): Promise<WebhookEndpoint | Refused>;
  /** Refused besides: unknown endpoints, and those that the environment holds. */
  update(
    app: App,
    endpointId: string,
    patch: Partial<WebhookEndpointDraft>,
  ): Promise<WebhookEndpoint | Refused>;
  /** What waits for it goes with it. */
  remove(app: App, endpointId: string): Promise<true | Refused>;
  /** One request now, outside of the journal. */
  test(app: App, endpointId: string): Promise<WebhookTest | Refused>;
  attempts(
    app: App,
    filter: { endpointId: string | null; ok: boolean | null; before: string | null },
  ): Promise<Page<WebhookAttempt>>;
  failed(
    app: App,
    filter: { endpointId: string | null; before: string | null },
  ): Promise<Page<FailedDelivery>>;
  /** Puts failed events back into the journal, in their old order. @returns how many */
  replay(app: App, which: { ids: readonly string[] } | { endpointId: string }): Promise<number | Refused>;
}
