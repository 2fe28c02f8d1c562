import './icons.ts';
import { limits } from '@earshot/chat/contract';
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import css from '../../styles/rare.css' with { type: 'text' };
import { Avatar } from '../avatar.tsx';
import { useFixed, useSheet, useWidgetState } from '../context.ts';
import { Icon } from '../icons.tsx';
import type { Chunk } from '../lazy.tsx';
import { IconButton } from '../parts.tsx';
import { Name } from '../person-parts.tsx';
import { copy } from './copy.ts';
import { Providers } from './providers.tsx';
import { Sessions } from './sessions.tsx';
import { EraseSheet, Switch } from './sheets.tsx';
import { useMore } from './use-more.ts';

/** Who I am, what may call me, whom I blocked, and what becomes of my data. */
function Settings() {
  const { session, config } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const showSheet = useSheet();
  if (session.phase !== 'in') return null;
  const { me } = session;
  const receipts = config.phase === 'ready' && config.value.receipts;
  const providers = config.phase === 'ready' ? config.value.providers : [];
  return (
    <div class="settings">
      <Group title={t('you')}>
        <Rename />
        <Switch
          label={t('invisibleLabel')}
          hint={t('invisibleHint')}
          on={me.invisible}
          onChange={(on) => void actions.setInvisible(on)}
        />
        {receipts && (
          <Switch
            label={t('receiptsLabel')}
            hint={t('receiptsHint')}
            on={me.preferences.receipts}
            onChange={(on) => void actions.setPreferences({ receipts: on })}
          />
        )}
        <OwnId id={me.id} />
      </Group>
      {me.kind === 'guest' && providers.length > 0 && (
        <Group title={t('signInToKeep')}>
          <p class="hint">{t('signInToKeepHint')}</p>
          <Providers providers={providers} />
        </Group>
      )}
      <Attention />
      <Contacts />
      <Blocked />
      <Group title={t('sessionsTitle')}>
        <Sessions />
      </Group>
      <Group title={t('privacy')}>
        <div class="settings-acts">
          <button type="button" class="button" onClick={() => void actions.exportMine()}>
            {t('exportLabel')}
          </button>
          <button type="button" class="button" onClick={() => void actions.signOut()}>
            {t('signOut')}
          </button>
          <button type="button" class="button button-danger" onClick={() => showSheet(<EraseSheet />)}>
            {t('eraseLabel')}
          </button>
        </div>
      </Group>
    </div>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="group" aria-labelledby={id}>
      <h3 class="group-title" id={id}>
        {title}
      </h3>
      {children}
    </section>
  );
}

function Rename() {
  const { session } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const now = session.phase === 'in' ? session.me.name : '';
  const [name, setName] = useState(now);
  const [busy, setBusy] = useState(false);
  const changed = name.trim() !== '' && name.trim() !== now && !busy;
  const id = useId();
  const save = async (event: Event) => {
    event.preventDefault();
    if (!changed) return;
    setBusy(true);
    await actions.rename(name.trim());
    setBusy(false);
  };
  return (
    <form class="rename" onSubmit={save}>
      <label class="label" for={id}>
        {t('nameLabel')}
      </label>
      <div class="rename-row">
        <input
          id={id}
          class="field"
          type="text"
          dir="auto"
          autocomplete="nickname"
          maxLength={limits.nameCharacters}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="button" aria-disabled={!changed}>
          {t('rename')}
        </button>
      </div>
    </form>
  );
}

/** By which somebody can be let into a room for members. */
function OwnId({ id }: { id: string }) {
  const t = useMore();
  const { actions } = useFixed();
  return (
    <div class="labelled">
      <span class="label">{t('yourId')}</span>
      <div class="rename-row">
        <code class="own-id" dir="ltr">
          {id}
        </code>
        <IconButton icon="copy" label={t('copyId')} onClick={() => copy(actions, id)} />
      </div>
      <span class="hint">{t('yourIdHint')}</span>
    </div>
  );
}

function Attention() {
  const { notifications, session } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  if (session.phase !== 'in') return null;
  const { preferences } = session.me;
  const { permission, push } = notifications;
  return (
    <Group title={t('attention')}>
      {permission === 'default' ? (
        <>
          <p class="hint">{t('notifyHint')}</p>
          <button type="button" class="button" onClick={() => void actions.allowNotifications()}>
            <Icon name="bell" />
            {t('notifyAllow')}
          </button>
        </>
      ) : (
        <p class="hint">
          {t(
            permission === 'granted'
              ? 'notifyOn'
              : permission === 'denied'
                ? 'notifyDenied'
                : 'notifyUnsupported',
          )}
        </p>
      )}
      {push !== 'unsupported' && permission !== 'denied' && (
        <Switch
          label={t('pushLabel')}
          hint={t(push === 'failed' ? 'pushFailed' : 'pushHint')}
          on={push === 'on'}
          onChange={(on) => void (on ? actions.enablePush() : actions.disablePush())}
        />
      )}
      <Switch
        label={t('hideTextLabel')}
        hint={t('hideTextHint')}
        on={preferences.hideText}
        onChange={(on) => void actions.setPreferences({ hideText: on })}
      />
      <Switch
        label={t('soundLabel')}
        hint={t('soundHint')}
        on={preferences.sound}
        onChange={(on) => void actions.setPreferences({ sound: on })}
      />
    </Group>
  );
}

function Contacts() {
  const { config, people } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const importers =
    config.phase === 'ready' ? config.value.providers.filter(({ importsContacts }) => importsContacts) : [];
  if (importers.length === 0 || people.phase !== 'ready') return null;
  return (
    <Group title={t('contactsTitle')}>
      {importers.map((provider) => {
        const job = people.value.imports.findLast((one) => one.provider === provider.id);
        const busy = job?.state === 'running' || job?.state === 'waiting';
        const values = {
          provider: provider.name,
          done: job?.done ?? 0,
          found: job?.found ?? 0,
          n: job?.added ?? 0,
        };
        return (
          <div class="settings-acts" key={provider.id}>
            {job && (
              <p class="hint" role="status">
                {t(
                  (
                    {
                      waiting: 'importWaiting',
                      running: 'importing',
                      done: 'imported',
                      failed: 'importFailed',
                    } as const
                  )[job.state],
                  values,
                )}
              </p>
            )}
            <button
              type="button"
              class="button"
              aria-disabled={busy}
              onClick={() => !busy && void actions.importContacts(provider.id)}
            >
              {t('importFrom', { provider: provider.name })}
            </button>
          </div>
        );
      })}
    </Group>
  );
}

function Blocked() {
  const { people } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  if (people.phase !== 'ready') return null;
  const { blocked } = people.value;
  return (
    <Group title={t('blockedTitle')}>
      {blocked.length === 0 ? (
        <p class="hint">{t('blockedNone')}</p>
      ) : (
        <ul class="blocked">
          {blocked.map((person) => (
            <li class="member" key={person.id}>
              <Avatar person={person} />
              <span class="member-name" id={`blocked-${person.id}`}>
                <Name person={person} />
              </span>
              <button
                type="button"
                class="button button-plain"
                aria-describedby={`blocked-${person.id}`}
                onClick={() => void actions.unblock(person.id)}
              >
                {t('unblock')}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Group>
  );
}

export const settings: Chunk<object> = { view: Settings, css };
