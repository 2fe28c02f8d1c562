import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type LiveTables = {
  /** A room is known by a hash: who reads this table can enter none. */
  chat_live_rooms: {
    app_id: string;
    /** SHA-256 of the room's id, base64url. */
    room: string;
    /** Id in the names of its channels. */
    channel: string;
    /** SHA-256 of the token of whoever made it. */
    maker_hash: string;
    no_take_backs: number;
    fade_seconds: number;
    created_at: number;
    expires_at: number;
  };
  /** Who was let in, as lanes: nobody's name. */
  chat_live_seats: {
    app_id: string;
    room: string;
    /** Random; the `user_id` on the channel. */
    participant: string;
    lane: number;
    /** SHA-256 of the token that was handed out. */
    token_hash: string;
    /** 1: it is the one who made the room. */
    maker: number;
    /** The lane is theirs as long as they are on the channel, and until then. */
    held_until: number;
  };
};

export const liveMigrations: Record<string, Migration> = {
  '2026-11-21-live': {
    async up(db) {
      await db.schema
        .createTable('chat_live_rooms')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('room', 'text', (column) => column.notNull())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('maker_hash', 'text', (column) => column.notNull())
        .addColumn('no_take_backs', 'integer', (column) => column.notNull())
        .addColumn('fade_seconds', 'double precision', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_live_rooms_pk', ['app_id', 'room'])
        .execute();
      await db.schema.createIndex('chat_live_rooms_room').on('chat_live_rooms').column('room').execute();
      await db.schema
        .createIndex('chat_live_rooms_channel')
        .on('chat_live_rooms')
        .columns(['app_id', 'channel'])
        .unique()
        .execute();
      await db.schema
        .createTable('chat_live_seats')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('room', 'text', (column) => column.notNull())
        .addColumn('participant', 'text', (column) => column.notNull())
        .addColumn('lane', 'integer', (column) => column.notNull())
        .addColumn('token_hash', 'text', (column) => column.notNull())
        .addColumn('maker', 'integer', (column) => column.notNull())
        .addColumn('held_until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_live_seats_pk', ['app_id', 'room', 'participant'])
        .execute();
      await db.schema
        .createIndex('chat_live_seats_lane')
        .on('chat_live_seats')
        .columns(['app_id', 'room', 'lane'])
        .unique()
        .execute();
    },
  },
};
