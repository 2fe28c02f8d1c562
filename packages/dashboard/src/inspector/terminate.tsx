import { pathOf } from '../client/api.ts';
import { Confirm } from '../parts/dialog.tsx';
import { useDesk } from '../shell/desk.ts';

interface TerminateProps {
  readonly appId: string;
  readonly onClose: () => void;
  readonly onDone: () => unknown;
}

/** Asks, then closes one connection. */
export function TerminateConnection({
  appId,
  socketId,
  onClose,
  onDone,
}: TerminateProps & { socketId: string }) {
  const { api, notify } = useDesk();
  return (
    <Confirm
      title="Terminate this connection?"
      action="Terminate"
      onClose={onClose}
      onConfirm={async () => {
        await api.request<void>('DELETE', pathOf`/apps/${appId}/connections/${socketId}`);
        notify({ kind: 'good', text: `The connection ${socketId} was closed with code 4009.` });
        await onDone();
      }}
    >
      <p>
        <code>{socketId}</code> is closed with code 4009. pusher-js takes that as “not authorised” and does
        not come back by itself; a program that calls <code>connect()</code>, or a reload of the page, does.
      </p>
    </Confirm>
  );
}

/** Asks, then closes all connections of a user. */
export function TerminateUser({ appId, userId, onClose, onDone }: TerminateProps & { userId: string }) {
  const { api, notify } = useDesk();
  return (
    <Confirm
      title="Terminate this user?"
      action="Terminate the user"
      onClose={onClose}
      onConfirm={async () => {
        await api.request<void>('POST', pathOf`/apps/${appId}/users/${userId}/terminate`);
        notify({ kind: 'good', text: `All connections of ${userId} are closed with code 4009.` });
        await onDone();
      }}
    >
      <p>
        Every connection that is signed in as <bdi class="typed">{userId}</bdi>, on every node, is closed with
        code 4009. Whoever your server authorises again may come back: refuse them there first.
      </p>
    </Confirm>
  );
}
