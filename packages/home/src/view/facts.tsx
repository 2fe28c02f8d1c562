import type { Session } from '../contract.ts';
import type { LiveState } from '../live.ts';

const transports = new Map([
  ['ws', 'WebSocket'],
  ['xhr_streaming', 'HTTP streaming'],
  ['xhr_polling', 'HTTP polling'],
]);

/** What runs here and how this page is connected to it. */
export function Facts({ session, state }: { session: Session; state: LiveState }) {
  const { scheme, host, port, path } = session.server;
  const facts = [
    { name: 'Address', value: `${scheme}://${host}:${port}${path}`, mono: true },
    { name: 'App', value: session.app.name, mono: false },
    {
      name: 'Transport',
      value: state.transport && (transports.get(state.transport) ?? state.transport),
      mono: false,
    },
    { name: 'Socket id', value: state.socketId, mono: true },
  ];
  return (
    <dl class="facts">
      {facts.map(({ name, value, mono }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value === null ? (
              <span class="absent">not connected</span>
            ) : mono ? (
              <code>{value}</code>
            ) : (
              <bdi>{value}</bdi>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
