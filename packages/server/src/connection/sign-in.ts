import { errorCodes, errorTexts, parseUserData, signinSuccess, watchlistEvents } from '@earshot/protocol';
import { verifyUserAuth } from '../apps/auth.ts';
import type { Connection } from './connection.ts';
import { noteSignedIn } from './noted.ts';
import type { Parts } from './parts.ts';

/** `pusher:signin` (USER, WATCH). */
export function signIn(
  parts: Parts,
  connection: Connection,
  message: { readonly auth: string; readonly userData: string },
): Promise<void> | null {
  const { app } = connection;
  if (!app.settings.userSignIn) return connection.refuse(errorTexts.signInOff.text());
  const verdict = verifyUserAuth(app, connection.socketId, message.auth, message.userData);
  if ('refused' in verdict) {
    parts.counters.userSignatureFailures++;
    return connection.refuse(verdict.refused);
  }
  const user = parseUserData(message.userData, app.settings);
  if ('refused' in user) return connection.refuse(user.refused);
  if (connection.user !== null) {
    if (connection.user.userId === user.userId) {
      connection.send(signinSuccess(message.userData));
      return null;
    }
    return connection.refuse(errorTexts.otherUser.text());
  }

  const watchlist = app.settings.watchlist ? user.watchlist : [];
  connection.user = { userId: user.userId, userInfo: user.userInfo, watchlist };
  if (parts.users.add(app.id, user.userId, connection)) {
    parts.background('roster: sign in', parts.roster.signIn(app.id, user.userId));
  }
  noteSignedIn(parts, connection);
  connection.send(signinSuccess(message.userData));
  if (app.settings.watchlist && user.watchlistOverflow) {
    connection.refuse(
      errorTexts.watchlistTooLong.text(`${app.settings.watchlistUsers}`, watchlist.join(', ')),
      errorCodes.watchlistTooLong.code,
    );
  }
  // After everything else, because it may close the connection, which takes all of this back.
  connection.authorise();
  return watchlist.length === 0 || connection.closed ? null : watch(parts, connection, watchlist);
}

/** Tells who of the watchlist is online now; from then on the changes come by themselves (`cluster/announce.ts`). */
async function watch(parts: Parts, connection: Connection, watchlist: readonly string[]): Promise<void> {
  const appId = connection.app.id;
  const entries = watchlist.map((userId) => {
    const { watched, isNew } = parts.users.watch(appId, userId);
    watched.holds++;
    if (isNew) watched.ready = parts.roster.watch(appId, userId);
    return { userId, watched };
  });
  await Promise.all(entries.map(({ watched }) => watched.ready));
  if (connection.closed) return;
  const online: string[] = [];
  const offline: string[] = [];
  for (const { userId, watched } of entries) {
    watched.watchers.add(connection);
    (watched.online ? online : offline).push(userId);
  }
  connection.send(watchlistEvents({ online, offline }));
}

/** What ends with a signed-in connection. */
export function endSignIn(parts: Parts, connection: Connection): void {
  const { user, app } = connection;
  if (user === null) return;
  for (const userId of user.watchlist) {
    parts.users.watched(app.id, userId)?.watchers.delete(connection);
    if (parts.users.unwatch(app.id, userId)) parts.roster.unwatch(app.id, userId);
  }
  if (parts.users.delete(app.id, user.userId, connection)) {
    parts.background('roster: sign out', parts.roster.signOut(app.id, user.userId));
  }
}
