// Stopping, starting again and deleting an application.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application } from '../../api/types';
import { rich, t } from '../../i18n';
import { isProblem } from '../../lib/errors';
import { useSubmission } from '../../lib/form';
import { navigate, paths } from '../../lib/router';
import { mayChange } from '../../lib/session';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { Fact, Facts, Time } from '../../ui/data';
import { ConfirmByName } from '../../ui/dialog';
import { ErrorBox } from '../../ui/feedback';
import { Section } from '../../ui/page';
import { EditDialog } from './access';

export function ManageSection({ application, onChanged, reload }: { application: Application; onChanged: (application: Application) => void; reload: () => void }): VNode {
  const [asking, setAsking] = useState<'rename' | 'disable' | 'delete' | null>(null);
  const enabling = useSubmission();
  const close = (): void => setAsking(null);
  // A refusal because of somebody else's change: the page then shows it, and the next attempt is made on top of it.
  const orReload = <T,>(done: Promise<T>): Promise<T> =>
    done.catch((e: unknown) => {
      if (isProblem(e, 'precondition-failed')) reload();
      throw e;
    });
  const setEnabled = async (enabled: boolean): Promise<void> => {
    onChanged(await orReload(admin.changeApplication(application, { enabled })));
    toast(enabled ? t('app.enabled_done') : t('app.disabled_done'));
  };
  const name = <strong><bdi>{application.name}</bdi></strong>;
  return (
    <Section title={t('manage.title')}>
      <div class="stack">
        <Facts>
          <Fact name={t('manage.created')}><Time at={application.created_at} exact /></Fact>
          <Fact name={t('manage.changed')}><Time at={application.updated_at} exact /></Fact>
        </Facts>
        {enabling.error !== undefined && <ErrorBox error={enabling.error} />}
        {mayChange(application) && (
          <div class="row">
            <Button onClick={() => setAsking('rename')}>{t('app.rename')}</Button>
            {application.enabled ? (
              <Button onClick={() => setAsking('disable')}>{t('app.disable')}</Button>
            ) : (
              <Button busy={enabling.busy} onClick={() => void enabling.run(() => setEnabled(true))}>{t('app.enable')}</Button>
            )}
            <Button kind="danger" icon="trash" onClick={() => setAsking('delete')}>{t('app.delete')}</Button>
          </div>
        )}
      </div>
      {asking === 'rename' && <EditDialog application={application} onClose={close} onSaved={(saved) => { close(); onChanged(saved); }} />}
      {asking === 'disable' && (
        <ConfirmByName environment={application.environment} name={application.name} title={t('app.disable_title')} action={t('app.disable')} run={() => setEnabled(false)} onDone={close} onClose={close}>
          <p>{rich('app.disable_what', { name })}</p>
        </ConfirmByName>
      )}
      {asking === 'delete' && (
        <ConfirmByName
          environment={application.environment}
          name={application.name}
          title={t('app.delete_title')}
          action={t('app.delete')}
          run={() => orReload(admin.deleteApplication(application))}
          onDone={() => {
            toast(t('app.deleted_done'));
            navigate(paths.applications(application.environment));
          }}
          onClose={close}
        >
          <p>{rich('app.delete_what', { name })}</p>
        </ConfirmByName>
      )}
    </Section>
  );
}
