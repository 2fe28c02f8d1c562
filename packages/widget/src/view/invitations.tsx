import { useWidgetState } from './context.ts';
import { lazyPart } from './lazy.tsx';

const InvitationList = lazyPart(async () => (await import('./rare/invitation-list.tsx')).invitationList);

/** Who asks to talk to me, whom I asked, and what became of it. */
export function Invitations() {
  const { people, session } = useWidgetState();
  if (people.phase !== 'ready' || session.phase !== 'in') return null;
  const { invitations } = people.value;
  return invitations.length === 0 ? null : <InvitationList invitations={invitations} me={session.me.id} />;
}
