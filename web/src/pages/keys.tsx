// The signing keys of an environment: which one signs, which comes next, and changing it by hand.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { SigningKey, SigningKeys } from '../api/types';
import { t } from '../i18n';
import { findEnvironment } from '../lib/environments';
import { useIdempotencyKey } from '../lib/form';
import { useNow, useQuery } from '../lib/query';
import { isAdmin } from '../lib/session';
import { dateTime, duration } from '../lib/time';
import { toast } from '../lib/toast';
import { Button, CopyButton } from '../ui/button';
import { Code, CodeBlock, CodeWithCopy, Fact, Facts, Table, Time } from '../ui/data';
import { Actions, ConfirmByName, Dialog } from '../ui/dialog';
import { Badge, EmptyState, Loaded, Notice } from '../ui/feedback';
import { PageHead, Section } from '../ui/page';
import { Timeline, shortKid } from './keys/timeline';

const POLL_MS = 60_000;
const KINDS = { published: 'info', active: 'ok', retiring: 'warning', removed: 'neutral' } as const;

function PublicKey({ of, onClose }: { of: SigningKey; onClose: () => void }): VNode {
  const text = JSON.stringify(of.public_jwk, null, 2);
  return (
    <Dialog title={t('keys.view')} onClose={onClose}>
      <div class="stack">
        <p>{t('keys.public_intro')}</p>
        <CodeWithCopy text={of.kid} what={t('keys.kid')} />
        <CodeBlock text={text} label={t('keys.view_of', { kid: of.kid })} wrap />
        <Actions><CopyButton text={text} what={t('keys.jwk')} small={false} /></Actions>
      </div>
    </Dialog>
  );
}

function Rotate({ environment, onDone, onClose }: { environment: string; onDone: () => void; onClose: () => void }): VNode {
  const keyFor = useIdempotencyKey();
  const run = async (): Promise<void> => {
    const made = await admin.rotateKeys(environment, keyFor({ environment }));
    toast(t('keys.rotated', { time: dateTime(made.activates_at) }));
  };
  return (
    <ConfirmByName environment={environment} name={environment} title={t('keys.rotate_title')} action={t('keys.rotate')} run={run} onDone={onDone} onClose={onClose}>
      <p>{t('keys.rotate_what')}</p>
      <p>{t('keys.rotate_why')}</p>
    </ConfirmByName>
  );
}

function KeyTable({ keys, onView }: { keys: readonly SigningKey[]; onView: (key: SigningKey) => void }): VNode {
  const moment = (at: string | null): VNode => (at ? <Time at={at} exact /> : <span class="hint">{t('keys.no_end')}</span>);
  return (
    <Table
      caption={t('keys.all')}
      rows={keys}
      id={(k) => k.kid}
      columns={[
        { title: t('keys.kid'), head: true, cell: (k) => <span class="one-line" title={k.kid}><Code>{shortKid(k.kid)}</Code></span> },
        { title: t('keys.state'), cell: (k) => <span title={t(`keys.means_${k.state}`)}><Badge kind={KINDS[k.state]}>{t(`keys.state_${k.state}`)}</Badge></span> },
        { title: t('keys.algorithm'), cell: (k) => <Code>{k.algorithm}</Code> },
        { title: t('keys.published_at'), cell: (k) => <Time at={k.published_at} exact /> },
        { title: t('keys.activates_at'), cell: (k) => <Time at={k.activates_at} exact /> },
        { title: t('keys.retires_at'), cell: (k) => moment(k.retires_at) },
        { title: t('keys.removed_at'), cell: (k) => moment(k.removed_at) },
        { title: t('keys.view'), actions: true, cell: (k) => <Button small label={t('keys.view_of', { kid: k.kid })} onClick={() => onView(k)}>{t('keys.view')}</Button> },
      ]}
    />
  );
}

function Overview({ environment, keys }: { environment: string; keys: SigningKeys }): VNode {
  const of = findEnvironment(environment);
  return (
    <section class="card" aria-label={t('keys.next')}>
      <Facts>
        <Fact name={t('keys.next')}>
          {keys.next_rotation_at ? <><strong><Time at={keys.next_rotation_at} /></strong> · <Time at={keys.next_rotation_at} exact /></> : t('keys.next_by_hand')}
          {keys.next_rotation_at && <p class="hint">{t('keys.next_at')}</p>}
        </Fact>
        {of && <Fact name={t('keys.algorithm')}><Code>{of.algorithm}</Code></Fact>}
        {of && <Fact name={t('keys.jwks')}><CodeWithCopy text={of.jwks_uri} what={t('keys.jwks')} /></Fact>}
        {of && <Fact name={t('keys.max_age')}>{duration(of.jwks_max_age_s)}</Fact>}
      </Facts>
    </section>
  );
}

export function KeysPage({ environment }: { environment: string }): VNode {
  const query = useQuery('keys', (signal) => admin.listKeys(environment, signal), { pollMs: POLL_MS });
  const [rotating, setRotating] = useState(false);
  const [viewed, setViewed] = useState<SigningKey | null>(null);
  const now = useNow(POLL_MS);
  return (
    <>
      <PageHead title={t('nav.keys')} intro={t('keys.intro')} actions={isAdmin() && <Button icon="refresh" onClick={() => setRotating(true)}>{t('keys.rotate')}</Button>} />
      <Loaded query={query} lines={8}>
        {(keys) => keys.items.length === 0 ? (
          <section class="card"><EmptyState icon="key" title={t('keys.none')}><p>{t('keys.none_hint')}</p></EmptyState></section>
        ) : (
          <>
            <Overview environment={environment} keys={keys} />
            <Section title={t('keys.timeline')} intro={t('keys.timeline_intro')}>
              <Timeline keys={keys.items} nextRotation={keys.next_rotation_at} now={now} />
              {keys.items.length === 1 && <Notice><p>{t('keys.one')}</p></Notice>}
            </Section>
            <Section title={t('keys.all')}><KeyTable keys={keys.items} onView={setViewed} /></Section>
          </>
        )}
      </Loaded>
      {rotating && <Rotate environment={environment} onClose={() => setRotating(false)} onDone={() => { setRotating(false); query.reload(); }} />}
      {viewed && <PublicKey of={viewed} onClose={() => setViewed(null)} />}
    </>
  );
}
