// One event of the audit log, with what it changed side by side.
import type { VNode } from 'preact';
import * as admin from '../../api/admin';
import type { AuditEvent } from '../../api/types';
import { formatNumber, t } from '../../i18n';
import { type MemberDifference, divideDetail } from '../../lib/difference';
import { useQuery } from '../../lib/query';
import { Button } from '../../ui/button';
import { Code, CodeBlock, CodeWithCopy, Fact, Facts, Table, Time } from '../../ui/data';
import { Dialog } from '../../ui/dialog';
import { Loaded } from '../../ui/feedback';
import { ActionName, ActorName, Outcome, TargetName } from './names';

// Beside the colours a sign, and a word for those who hear it.
const SIGNS = { added: '+', removed: '−', changed: '~', same: '=' } as const;

function Value({ value, kind, side }: { value: string | null; kind: MemberDifference['kind']; side: 'before' | 'after' }): VNode {
  if (value === null) return <span class="hint">{t('audit.absent')}</span>;
  const text = <code dir="auto">{value === '' ? '""' : value}</code>;
  if (kind === 'same') return text;
  return side === 'before' ? <del>{text}</del> : <ins>{text}</ins>;
}

function Changes({ changes }: { changes: readonly MemberDifference[] }): VNode {
  return (
    <div class="difference">
      <h3>{t('audit.changes')}</h3>
      <Table
        caption={t('audit.changes')}
        rows={changes}
        id={(c) => c.name}
        columns={[
          { title: t('audit.field'), head: true, cell: (c) => <Code>{c.name}</Code> },
          { title: t('audit.diff'), cell: (c) => <span class={`diff-kind ${c.kind}`}><span aria-hidden="true">{SIGNS[c.kind]}</span> {t(`audit.diff_${c.kind}`)}</span> },
          { title: t('audit.before'), cell: (c) => <Value value={c.before} kind={c.kind} side="before" /> },
          { title: t('audit.after'), cell: (c) => <Value value={c.after} kind={c.kind} side="after" /> },
        ]}
      />
    </div>
  );
}

export interface Narrow {
  actor: (id: string) => void;
  target: (id: string) => void;
}

function Event({ event, narrow }: { event: AuditEvent; narrow: Narrow }): VNode {
  const { changes, further } = divideDetail(event.detail);
  return (
    <div class="stack">
      <Facts>
        <Fact name={t('audit.what')}><ActionName event={event} full /> <Outcome outcome={event.outcome} /></Fact>
        <Fact name={t('audit.time')}><Time at={event.at} exact seconds /></Fact>
        <Fact name={t('audit.who')}>
          <ActorName actor={event.actor} />
          {event.actor.id && <div class="row"><Code>{event.actor.id}</Code> <Button small onClick={() => narrow.actor(event.actor.id as string)}>{t('audit.only_actor')}</Button></div>}
        </Fact>
        <Fact name={t('audit.on')}>
          <TargetName target={event.target} full />
          {event.target.id && <div class="row"><span class="hint">{event.target.kind}</span> <Button small onClick={() => narrow.target(event.target.id as string)}>{t('audit.only_target')}</Button></div>}
        </Fact>
        {event.environment && <Fact name={t('audit.environment')}><bdi>{event.environment}</bdi></Fact>}
        {event.address && <Fact name={t('audit.address')}><Code>{event.address}</Code></Fact>}
        {event.request_id && <Fact name={t('audit.request')}><CodeWithCopy text={event.request_id} what={t('audit.request')} /></Fact>}
      </Facts>
      {changes.length > 0 && <Changes changes={changes} />}
      {further.length > 0 && (
        <div>
          <h3>{t('audit.further')}</h3>
          <Facts>{further.map((f) => <Fact key={f.name} name={f.name}><code dir="auto">{f.value}</code></Fact>)}</Facts>
        </div>
      )}
      {changes.length === 0 && further.length === 0 && <p class="hint">{t('audit.no_detail')}</p>}
      <details class="more">
        <summary>{t('audit.raw')}</summary>
        <CodeBlock text={JSON.stringify(event, null, 2)} label={t('audit.raw')} wrap />
      </details>
      <Facts>
        <Fact name={t('audit.hash')}><CodeWithCopy text={event.hash} what={t('audit.the_hash')} /></Fact>
        <Fact name={t('audit.previous_hash')}><Code>{event.previous_hash}</Code></Fact>
      </Facts>
    </div>
  );
}

export function EventDialog({ sequence, known, narrow, onClose }: { sequence: number; known: AuditEvent | undefined; narrow: Narrow; onClose: () => void }): VNode {
  const query = useQuery(`event ${sequence}`, (signal) => (known ? Promise.resolve(known) : admin.getAuditEvent(sequence, signal)));
  return (
    <Dialog title={t('audit.event', { count: formatNumber(sequence) })} onClose={onClose} wide>
      <Loaded query={query} lines={6}>{(event) => <Event event={event} narrow={narrow} />}</Loaded>
    </Dialog>
  );
}
