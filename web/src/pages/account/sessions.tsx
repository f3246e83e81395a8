// Where an operator is signed in, with a way to end it: in the own profile, and for an admin with every operator.
import type { VNode } from 'preact';
import * as admin from '../../api/admin';
import type { SessionEntry } from '../../api/types';
import { t } from '../../i18n';
import { isProblem } from '../../lib/errors';
import { useSubmission } from '../../lib/form';
import { type Listing, useListing } from '../../lib/query';
import { toast } from '../../lib/toast';
import { programOf } from '../../lib/user_agent';
import { Button } from '../../ui/button';
import { Code, Rows, Table, Time } from '../../ui/data';
import { Badge, ErrorBox } from '../../ui/feedback';

export const useSessions = (operatorId?: string): Listing<SessionEntry> =>
  useListing<SessionEntry>(`sessions ${operatorId ?? ''}`, (cursor, signal) => admin.listSessions({ operator_id: operatorId, cursor }, signal), (s) => s.session_id);

export function programName(userAgent: string): string {
  const { browser, system } = programOf(userAgent);
  if (browser && system) return t('sessions.on', { browser, system });
  return browser ?? system ?? t('sessions.unknown_browser');
}

/** Ends it; one that is over already is what was wanted. */
export async function end(session: SessionEntry, operatorId?: string): Promise<void> {
  try {
    await admin.endSession(session.session_id, operatorId);
  } catch (e) {
    if (!isProblem(e, 'not-found')) throw e;
  }
}

function EndButton({ session, operatorId, onEnded }: { session: SessionEntry; operatorId: string | undefined; onEnded: () => void }): VNode {
  const submission = useSubmission();
  const label = t('sessions.end_of', { browser: programName(session.user_agent), address: session.address });
  const run = async (): Promise<void> => {
    await end(session, operatorId);
    toast(t('sessions.ended'));
    onEnded();
  };
  return (
    <>
      <Button small label={label} busy={submission.busy} onClick={() => void submission.run(run)}>{t('sessions.end')}</Button>
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
    </>
  );
}

/** `mayEnd`: the own one has its button in the header, so it has none here. */
export function SessionTable({ listing, operatorId, mayEnd, empty }: { listing: Listing<SessionEntry>; operatorId?: string; mayEnd: boolean; empty: string }): VNode {
  return (
    <Rows listing={listing} empty={<p class="hint">{empty}</p>}>
      {(sessions) => (
        <Table
          caption={t('profile.sessions')}
          rows={sessions}
          id={(s) => s.session_id}
          columns={[
            { title: t('sessions.browser'), head: true, cell: (s) => <span title={s.user_agent}>{programName(s.user_agent)} {s.current && <Badge kind="info">{t('sessions.this')}</Badge>}</span> },
            { title: t('sessions.address'), cell: (s) => <Code>{s.address}</Code> },
            { title: t('sessions.since'), cell: (s) => <Time at={s.created_at} exact /> },
            { title: t('sessions.seen'), cell: (s) => <Time at={s.last_seen_at} /> },
            { title: t('sessions.ends'), cell: (s) => <Time at={s.expires_at} exact /> },
            ...(mayEnd ? [{
              title: t('sessions.end'),
              actions: true,
              cell: (s: SessionEntry) => !s.current && <EndButton session={s} operatorId={operatorId} onEnded={listing.reload} />,
            }] : []),
          ]}
        />
      )}
    </Rows>
  );
}
