import type { WebhookKind } from '../config/webhook-settings.ts';

/** One element of a request's `events`, as Pusher has them (HOOK-1). */
export interface WebhookEvent {
  readonly name: WebhookKind;
  readonly channel: string;
  readonly user_id?: string;
  readonly event?: string;
  /** Always a string: receivers in typed languages read nothing else. */
  readonly data?: string;
  readonly socket_id?: string;
  readonly subscription_count?: number;
}

/** Body of a request, the same at each attempt. @param events their JSON */
export function webhookBody(timeMs: number, events: readonly string[]): string {
  return `{"time_ms":${timeMs},"events":[${events.join(',')}]}`;
}
