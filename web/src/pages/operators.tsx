// Who may use the dashboard: the list, adding one, and one closely (?operator=…).
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Operator } from '../api/types';
import { t } from '../i18n';
import { useListing } from '../lib/query';
import { paths, place } from '../lib/router';
import { isAdmin } from '../lib/session';
import { useStore } from '../lib/store';
import { Button } from '../ui/button';
import { Rows, Table, Time } from '../ui/data';
import { Badge, EmptyState, Notice } from '../ui/feedback';
import { PageHead } from '../ui/page';
import { AddOperator } from './operators/add';
import { environmentsText } from './operators/edit';
import { NewPasswordNotice, OperatorView, StatusBadges } from './operators/one';

const pathOf = (o: Operator): string => `${paths.operators}?operator=${encodeURIComponent(o.operator_id)}`;

function OperatorTable({ operators }: { operators: readonly Operator[] }): VNode {
  return (
    <Table
      caption={t('nav.operators')}
      rows={operators}
      id={(o) => o.operator_id}
      columns={[
        { title: t('operators.name'), head: true, cell: (o) => <span class="named"><a href={pathOf(o)}><bdi>{o.name}</bdi></a><bdi class="hint">{o.email}</bdi></span> },
        { title: t('operators.role'), cell: (o) => t(`role.${o.role}`) },
        { title: t('operators.environments'), cell: (o) => <bdi>{environmentsText(o.environments)}</bdi> },
        { title: t('operators.status'), cell: (o) => <StatusBadges operator={o} /> },
        { title: t('operators.totp'), cell: (o) => <Badge kind={o.totp ? 'ok' : 'warning'}>{o.totp ? t('operators.totp_on') : t('operators.totp_off')}</Badge> },
        { title: t('operators.last_login'), cell: (o) => (o.last_login_at ? <Time at={o.last_login_at} /> : <span class="hint">{t('never')}</span>) },
      ]}
    />
  );
}

function OperatorList(): VNode {
  const listing = useListing<Operator>('operators', (cursor, signal) => admin.listOperators({ cursor }, signal), (o) => o.operator_id);
  const [adding, setAdding] = useState(false);
  const [added, setAdded] = useState<{ operator: Operator; password: string } | null>(null);
  const mayAdd = isAdmin();
  return (
    <>
      <PageHead title={t('nav.operators')} intro={mayAdd ? t('operators.intro') : `${t('operators.intro')} ${t('operators.read_only')}`} actions={mayAdd && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('operators.add')}</Button>} />
      {added && <NewPasswordNotice key={added.operator.operator_id} name={added.operator.name} password={added.password} onDone={() => setAdded(null)} />}
      <section class="card" aria-label={t('nav.operators')}>
        <Rows listing={listing} empty={<EmptyState icon="people" title={t('nav.operators')} />}>
          {(operators) => (
            <>
              <OperatorTable operators={operators} />
              {mayAdd && operators.length === 1 && !listing.hasMore && <Notice><p><strong>{t('operators.only_one')}</strong></p><p>{t('operators.only_one_hint')}</p></Notice>}
            </>
          )}
        </Rows>
      </section>
      {adding && (
        <AddOperator
          onClose={() => setAdding(false)}
          onAdded={(operator, password) => {
            setAdding(false);
            setAdded({ operator, password });
            listing.reload();
          }}
        />
      )}
    </>
  );
}

export function OperatorsPage(): VNode {
  const { query } = useStore(place);
  const id = query.get('operator');
  return id ? <OperatorView key={id} id={id} /> : <OperatorList key="list" />;
}
