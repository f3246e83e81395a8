// The audit log: who did what, narrowed down, one event closely, and whether it is whole.
import type { VNode } from 'preact';
import * as admin from '../api/admin';
import type { AuditEvent } from '../api/types';
import { formatNumber, t } from '../i18n';
import { type FilterFields, NO_FILTER, fieldsOf, isFiltered, serverFilter } from '../lib/audit_filter';
import { useListing } from '../lib/query';
import { place, setQuery } from '../lib/router';
import { useStore } from '../lib/store';
import { Button } from '../ui/button';
import { Rows, Table, Time } from '../ui/data';
import { EmptyState } from '../ui/feedback';
import { PageHead, Section } from '../ui/page';
import { Chain } from './audit/chain';
import { EventDialog } from './audit/detail';
import { AuditFilterForm } from './audit/filter';
import { ActionName, ActorName, Outcome, TargetName } from './audit/names';

function EventTable({ events, onOpen }: { events: readonly AuditEvent[]; onOpen: (sequence: number) => void }): VNode {
  return (
    <Table
      caption={t('audit.events')}
      rows={events}
      id={(e) => e.sequence}
      columns={[
        { title: t('audit.what'), head: true, cell: (e) => <ActionName event={e} /> },
        { title: t('audit.outcome'), cell: (e) => <Outcome outcome={e.outcome} /> },
        { title: t('audit.who'), cell: (e) => <ActorName actor={e.actor} /> },
        { title: t('audit.on'), cell: (e) => <TargetName target={e.target} /> },
        { title: t('audit.environment'), cell: (e) => (e.environment ? <bdi>{e.environment}</bdi> : <span class="hint">–</span>) },
        { title: t('audit.time'), cell: (e) => <span class="when"><Time at={e.at} exact seconds /></span> },
        {
          title: t('audit.detail'),
          actions: true,
          cell: (e) => <Button small label={t('audit.detail_of', { count: formatNumber(e.sequence) })} onClick={() => onOpen(e.sequence)}>{t('audit.detail')}</Button>,
        },
      ]}
    />
  );
}

export function AuditPage(): VNode {
  const { query } = useStore(place);
  const fields = fieldsOf(query);
  const key = JSON.stringify(fields);
  const listing = useListing<AuditEvent>(key, (cursor, signal) => admin.listAudit({ ...serverFilter(fields), cursor }, signal), (e) => e.sequence);
  const opened = /^[1-9]\d{0,14}$/.test(query.get('event') ?? '') ? Number(query.get('event')) : null;

  const open = (sequence: number | null): void => setQuery({ event: sequence === null ? null : String(sequence) });
  const apply = (next: FilterFields): void => {
    if (JSON.stringify(next) === key) listing.reload();
    setQuery({ ...next, event: null });
  };
  const narrow = {
    actor: (id: string) => apply({ ...NO_FILTER, actor: id }),
    target: (id: string) => apply({ ...NO_FILTER, target: id }),
  };
  return (
    <>
      <PageHead title={t('nav.audit')} intro={t('audit.intro')} />
      <Chain onOpen={open} />
      <Section title={t('audit.events')}>
        <AuditFilterForm applied={fields} onApply={apply} />
        <Rows
          listing={listing}
          empty={isFiltered(fields) ? (
            <EmptyState icon="search" title={t('audit.none_found')}>
              <p>{t('audit.none_found_hint')}</p>
              <Button onClick={() => apply(NO_FILTER)}>{t('audit.clear')}</Button>
            </EmptyState>
          ) : <EmptyState icon="log" title={t('audit.none')}><p>{t('audit.none_hint')}</p></EmptyState>}
        >
          {(events) => <EventTable events={events} onOpen={open} />}
        </Rows>
      </Section>
      {opened !== null && <EventDialog sequence={opened} known={listing.items?.find((e) => e.sequence === opened)} narrow={narrow} onClose={() => open(null)} />}
    </>
  );
}
