import type { Id, Invitation } from '@earshot/chat/contract';
import { useLayoutEffect, useRef } from 'preact/hooks';
import css from '../../styles/invitations.css' with { type: 'text' };
import { Avatar } from '../avatar.tsx';
import { useFixed } from '../context.ts';
import { useSecondsUntil } from '../hooks.ts';
import type { Chunk } from '../lazy.tsx';
import { nameOf } from '../words.ts';

interface InvitationListProps {
  invitations: readonly Invitation[];
  me: Id;
}

function InvitationList({ invitations, me }: InvitationListProps) {
  const { t } = useFixed();
  return (
    <ul class="invitations" aria-label={t('invitations')}>
      {invitations.map((invitation) => (
        <InvitationCard key={invitation.id} invitation={invitation} mine={invitation.from.id === me} />
      ))}
    </ul>
  );
}

function InvitationCard({ invitation, mine }: { invitation: Invitation; mine: boolean }) {
  const { t, actions } = useFixed();
  const asked = invitation.state === 'asked';
  const n = useSecondsUntil(asked ? invitation.expiresAt : null);
  const other = mine ? invitation.to : invitation.from;
  const name = nameOf(t, other);
  return (
    <li class={mine || !asked ? 'invitation' : 'invitation invitation-asks'}>
      <span class="invitation-face">
        <Avatar person={other} />
        {asked && <Ring invitation={invitation} />}
      </span>
      <div class="invitation-words">
        <p class="invitation-text" id={`ask-${invitation.id}`}>
          {words()}
        </p>
        {asked && n > 0 && <p class="invitation-left">{t('secondsLeft', { n })}</p>}
      </div>
      {asked && !mine && (
        <div class="invitation-acts">
          <button
            type="button"
            class="button button-primary"
            aria-describedby={`ask-${invitation.id}`}
            onClick={() => actions.acceptInvitation(invitation.id)}
          >
            {t('accept')}
          </button>
          <button
            type="button"
            class="button"
            aria-describedby={`ask-${invitation.id}`}
            onClick={() => actions.declineInvitation(invitation.id)}
          >
            {t('decline')}
          </button>
        </div>
      )}
      {asked && mine && (
        <button
          type="button"
          class="button button-plain"
          aria-describedby={`ask-${invitation.id}`}
          onClick={() => actions.cancelInvitation(invitation.id)}
        >
          {t('cancel')}
        </button>
      )}
    </li>
  );

  function words(): string {
    switch (invitation.state) {
      case 'asked':
        return t(mine ? 'youAsk' : 'asksYou', { name });
      case 'accepted':
        return t('inviteAccepted', { name });
      case 'cancelled':
        return t('inviteCancelled', { name });
      default:
        return t(mine ? 'noAnswer' : 'inviteMissed', { name });
    }
  }
}

/** The time that is left, as a ring around the face; the seconds are said beside it. */
function Ring({ invitation: { at, expiresAt } }: { invitation: Invitation }) {
  const ring = useRef<SVGCircleElement>(null);
  useLayoutEffect(() => {
    const { style } = ring.current as SVGCircleElement;
    style.setProperty('--ring-whole', `${expiresAt - at}ms`);
    style.setProperty('--ring-gone', `${at - Date.now()}ms`);
  }, [at, expiresAt]);
  return (
    <svg class="ring" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <circle class="ring-track" cx="24" cy="24" r="22.5" />
      <circle class="ring-left" cx="24" cy="24" r="22.5" pathLength={100} ref={ring} />
    </svg>
  );
}

export const invitationList: Chunk<InvitationListProps> = { view: InvitationList, css };
