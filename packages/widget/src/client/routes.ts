import type {
  Attachment,
  AuditEntry,
  ChatConfig,
  Contact,
  Conversation,
  Id,
  ImportJob,
  Invitation,
  LiveEntry,
  Me,
  Message,
  Person,
  Preferences,
  Report,
  Role,
  SessionAnswer,
  State,
} from '@earshot/chat/contract';
import type { Ban, SessionInfo } from '../store/records.ts';

interface Call<Body, Value> {
  readonly body: Body;
  readonly value: Value;
}

/** What is asked for in the address. */
type Query = Readonly<Record<string, string | number | undefined>>;
type None = undefined;

export type RoomBody =
  | { readonly kind: 'lobby' }
  | { readonly kind: 'page'; readonly url: string }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'signed'; readonly token: string }
  | { readonly kind: 'id'; readonly id: Id };

/**
 * The chat's HTTP API as the widget uses it: method and path below `/chat/api/v1` (each `:` is a part that is filled in), what
 * is sent (of GET in the address) and what comes back. Types only; the end-to-end test holds them against the server.
 */
export interface Routes {
  'GET /config': Call<{ app: string }, ChatConfig>;
  'POST /sessions/guest': Call<{ app: string; name: string }, SessionAnswer>;
  'POST /sessions/host': Call<{ app: string; token: string }, SessionAnswer>;
  'POST /sessions/refresh': Call<{ app: string; refreshToken: string }, SessionAnswer>;
  'POST /sessions/provider': Call<{ app: string; code: string; verifier: string }, SessionAnswer>;
  'DELETE /sessions/current': Call<None, unknown>;
  'GET /sessions': Call<None, { sessions: readonly SessionInfo[] }>;
  'DELETE /sessions/:': Call<None, unknown>;
  'PATCH /me': Call<{ name?: string; invisible?: boolean; preferences?: Partial<Preferences> }, Me>;
  'GET /me/export': Call<None, unknown>;
  'DELETE /me': Call<{ confirm: 'erase' }, unknown>;

  'POST /realtime/auth': Call<
    { socket_id: string; channel_name: string },
    { auth: string; channel_data?: string }
  >;
  'POST /realtime/user-auth': Call<{ socket_id: string }, { auth: string; user_data: string }>;

  'POST /rooms/open': Call<RoomBody, Conversation>;
  'POST /rooms': Call<{ name: string; title: string; membersOnly: boolean }, Conversation>;
  'GET /conversations/:': Call<None, Conversation>;
  'PATCH /conversations/:': Call<
    {
      title?: string;
      topic?: string;
      slowSeconds?: number;
      locked?: boolean;
      membersOnly?: boolean;
      retentionDays?: number;
    },
    Conversation
  >;
  'DELETE /conversations/:/membership': Call<None, unknown>;
  'PATCH /conversations/:/membership': Call<{ notify: 'all' | 'mentions' | 'none' }, unknown>;
  'GET /conversations/:/messages': Call<
    Query,
    { messages: readonly Message[]; olderExists: boolean; newerExists: boolean }
  >;
  'GET /conversations/:/changes': Call<
    Query,
    { messages: readonly Message[]; lastChange: number; more: boolean; tooMuch: boolean }
  >;
  'POST /conversations/:/messages': Call<
    {
      id: string;
      text: string;
      kind?: 'text' | 'action';
      replyTo?: number;
      attachments?: readonly Id[];
      mentions?: readonly Id[];
    },
    { message: Message }
  >;
  'PATCH /conversations/:/messages/:': Call<{ text: string }, { message: Message }>;
  'DELETE /conversations/:/messages/:': Call<None, { message: Message }>;
  'PUT /conversations/:/messages/:/reactions/:': Call<None, { message: Message }>;
  'DELETE /conversations/:/messages/:/reactions/:': Call<None, { message: Message }>;
  'PUT /conversations/:/cursor': Call<{ seq: number }, { cursor: number; unread: number; mentions: number }>;
  'GET /conversations/:/online': Call<None, { count: number; capped: boolean }>;
  'GET /conversations/:/members': Call<
    Query,
    { members: readonly (Person & { readonly role: Role })[]; more: boolean }
  >;
  'POST /conversations/:/moderation': Call<
    {
      act: 'kick' | 'ban' | 'unban' | 'mute' | 'unmute' | 'let-in';
      person: Id;
      minutes?: number;
      reason?: string;
    },
    unknown
  >;
  'PUT /conversations/:/members/:/role': Call<{ role: Role }, unknown>;
  'GET /conversations/:/bans': Call<None, { bans: readonly Ban[] }>;
  'GET /conversations/:/audit': Call<None, { entries: readonly AuditEntry[] }>;

  'GET /state': Call<None, State>;
  'GET /contacts': Call<None, { contacts: readonly Contact[] }>;
  'DELETE /contacts/:': Call<None, unknown>;
  'GET /blocks': Call<None, { blocked: readonly Person[] }>;
  'PUT /blocks/:': Call<None, unknown>;
  'DELETE /blocks/:': Call<None, unknown>;
  'POST /invitations': Call<{ to: Id }, { invitation: Invitation | null; conversation: Conversation | null }>;
  'POST /invitations/:/accept': Call<None, { invitation: Invitation }>;
  'POST /invitations/:/decline': Call<None, { invitation: Invitation }>;
  'POST /invitations/:/cancel': Call<None, { invitation: Invitation }>;
  'POST /imports': Call<{ provider: string }, ImportJob>;

  'POST /live/rooms': Call<
    { app?: string; noTakeBacks: boolean; fadeSeconds: number },
    { room: string; maker: string }
  >;
  'POST /live/rooms/:/enter': Call<{ maker?: string; token?: string; again?: boolean }, LiveEntry>;
  'POST /live/rooms/:/leave': Call<{ token: string }, unknown>;
  'POST /live/rooms/:/auth': Call<
    { token: string; socket_id: string; channel_name: string },
    { auth: string; channel_data?: string }
  >;

  'POST /conversations/:/files': Call<never, Attachment>;
  'PUT /push/subscription': Call<unknown, unknown>;
  'DELETE /push/subscription': Call<None, unknown>;
  'POST /reports': Call<
    {
      person: Id;
      conversation: Id | null;
      seq: number | null;
      reason: Report['reason'];
      text: string;
    },
    unknown
  >;
  'GET /reports': Call<Query, { reports: readonly Report[]; more: boolean }>;
  'GET /reports/:': Call<None, Report>;
  'POST /reports/:': Call<{ state: Report['state'] }, Report>;
}

export type Route = keyof Routes;
export type BodyOf<R extends Route> = Routes[R]['body'];
export type ValueOf<R extends Route> = Routes[R]['value'];
