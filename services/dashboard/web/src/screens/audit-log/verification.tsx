// Verifies the hash chain of a service's audit log, and shows the result.
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { request, type Problem } from '../../api/request.ts';
import type { AuditVerification } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatNumber, formatTime } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Failed } from '../../parts/states.tsx';
import classes from './audit-log-page.module.css';
import type { AuditService } from './audit-search.ts';

interface Verified {
  readonly found: AuditVerification;
  readonly at: string;
}

const count = (entries: number): string => `${formatNumber(entries)} ${entries === 1 ? 'entry' : 'entries'}`;

const Result = ({ found, at }: Verified) => {
  const isIntact = found.status === 'intact';
  const Icon = isIntact ? ShieldCheck : ShieldAlert;
  return (
    <div className={classes['result']} data-status={found.status}>
      <Icon size={22} aria-hidden="true" />
      <div>
        <p className={classes['verdict']}>
          <StateBadge tone={isIntact ? 'ok' : 'bad'}>{found.status.toUpperCase()}</StateBadge>
          <b>
            {found.firstBroken?.sentence ??
              `The chain is intact: ${formatNumber(found.head.position)} ${found.head.position === 1 ? 'seal' : 'seals'}, each linked to the previous one.`}
          </b>
        </p>
        <p>
          {count(found.entries)}, {formatNumber(found.unsealed)} not sealed yet. Checked at {formatTime(at)}.
        </p>
        <p className={classes['anchor']}>
          Head at position {formatNumber(found.head.position)}, hash <CopyId id={found.head.hash} />
        </p>
      </div>
    </div>
  );
};

export const Verification = ({ service }: { service: AuditService }) => {
  const verify = useMutation<Verified, Problem>({
    mutationFn: async () => ({
      found: await request<AuditVerification>(`/api/${service}/audit/verification`),
      at: new Date().toISOString(),
    }),
  });
  return (
    <Card
      title="Hash chain"
      aside={
        <Button variant="default" size="xs" loading={verify.isPending} onClick={() => verify.mutate()}>
          Verify chain
        </Button>
      }
    >
      <div role="status">
        {verify.data !== undefined && <Result {...verify.data} />}
        {verify.data === undefined && !verify.isError && (
          <p className={classes['intro']}>
            Every entry is sealed in a hash chain. Changing, removing or inserting an entry breaks the chain.
          </p>
        )}
      </div>
      {verify.isError && <Failed error={verify.error} retry={() => verify.mutate()} />}
    </Card>
  );
};
