// A token, taken apart: each part in its colour, each claim with what it says.
import type { VNode } from 'preact';
import type { JsonObject, JsonValue } from '../../api/types';
import { type Key, t } from '../../i18n';
import { type DecodedToken, decodeToken, numericDate } from '../../lib/jwt';
import { useNow } from '../../lib/query';
import { clock, dateTime } from '../../lib/time';
import { CopyButton } from '../../ui/button';
import { Code, Table } from '../../ui/data';
import { Badge, Notice } from '../../ui/feedback';

const MEANINGS: Record<string, Key> = {
  alg: 'claim.alg',
  typ: 'claim.typ',
  kid: 'claim.kid',
  iss: 'claim.iss',
  sub: 'claim.sub',
  aud: 'claim.aud',
  exp: 'claim.exp',
  iat: 'claim.iat',
  nbf: 'claim.nbf',
  jti: 'claim.jti',
  client_id: 'claim.client_id',
  scope: 'claim.scope',
  customer_id: 'claim.customer_id',
};
const TIMES = ['exp', 'iat', 'nbf'];

function meaning(name: string): string {
  const key = Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined;
  return t((key ?? 'claim.other') as 'claim.other');
}

function ClaimValue({ name, value }: { name: string; value: JsonValue }): VNode {
  return (
    <span class="claim-value">
      <Code>{typeof value === 'string' ? value : JSON.stringify(value)}</Code>
      {TIMES.includes(name) && typeof value === 'number' && <span class="hint">{dateTime(new Date(value * 1000), true)}</span>}
    </span>
  );
}

function Members({ caption, of }: { caption: string; of: JsonObject }): VNode {
  return (
    <Table
      caption={caption}
      label
      rows={Object.entries(of)}
      id={([name]) => name}
      columns={[
        { title: t('claim.name'), head: true, cell: ([name]) => <Code>{name}</Code> },
        { title: t('claim.value'), cell: ([name, value]) => <ClaimValue name={name} value={value} /> },
        { title: t('claim.meaning'), cell: ([name]) => <span class="hint">{meaning(name)}</span> },
      ]}
    />
  );
}

function Countdown({ expires }: { expires: number }): VNode {
  const left = (expires - useNow(1000)) / 1000;
  return left > 0 ? (
    <span role="timer">{t('token.expires_in')} <strong class="digits" dir="ltr">{clock(left)}</strong></span>
  ) : (
    <Badge kind="warning">{t('token.expired')}</Badge>
  );
}

/** `decoded`: as the server read it; where it did not, it is read here. */
export function TokenView({ token, decoded }: { token: string; decoded: DecodedToken | null }): VNode {
  const parts = token.split('.');
  const content = decoded ?? decodeToken(token);
  const expires = content && numericDate(content.claims, 'exp');
  return (
    <div class="stack token-view">
      <div class="token">
        <p class="token-text" dir="ltr" tabIndex={0} role="region" aria-label={t('token.title')}>
          <code>{parts.map((part, i) => <span key={i} class={`token-part-${i}`}>{i > 0 && '.'}{part}</span>)}</code>
        </p>
        <div class="row">
          <CopyButton text={token} what={t('token.title')} />
          {expires !== null && <Countdown expires={expires} />}
        </div>
      </div>
      {content ? (
        <>
          <Members caption={t('token.header')} of={content.header} />
          <Members caption={t('token.claims')} of={content.claims} />
        </>
      ) : <Notice><p>{t('token.opaque')}</p></Notice>}
    </div>
  );
}
