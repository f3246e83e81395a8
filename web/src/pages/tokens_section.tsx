// The tokens that an application has already: all of them can be taken back.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Application } from '../api/types';
import { t } from '../i18n';
import { toast } from '../lib/toast';
import { Button } from '../ui/button';
import { ConfirmByName } from '../ui/dialog';
import { Section } from '../ui/page';

export function TokensSection({ application }: { application: Application }): VNode {
  const [revoking, setRevoking] = useState(false);
  return (
    <Section title={t('tokens.title')} intro={t('tokens.intro')}>
      <Button kind="danger" onClick={() => setRevoking(true)}>{t('tokens.revoke_all')}</Button>
      {revoking && (
        <ConfirmByName
          environment={application.environment}
          name={application.name}
          title={t('tokens.revoke_title')}
          action={t('tokens.revoke_all')}
          run={() => admin.revokeTokens(application.environment, application.client_id)}
          onDone={() => {
            toast(t('tokens.revoked_done'));
            setRevoking(false);
          }}
          onClose={() => setRevoking(false)}
        >
          <p>{t('tokens.revoke_what')}</p>
          <p>{t('tokens.revoke_effect')}</p>
        </ConfirmByName>
      )}
    </Section>
  );
}
