// Verifies the hash chain of a service's audit log, and shows the result.
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { request, type Problem } from '../../api/request.ts';
import type { AuditVerification, ServiceName } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatNumber, formatTime } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { ErrorMessage } from '../../parts/states.tsx';
import classes from './audit-log-page.module.css';

interface CheckedVerification {
  readonly verification: AuditVerification;
  readonly checkedAt: string;
}

const Result = ({ verification, checkedAt }: CheckedVerification) => {
  const isIntact = verification.status === 'intact';
  const Icon = isIntact ? ShieldCheck : ShieldAlert;
  return (
    <div className={classes['result']} data-status={verification.status}>
      <Icon size={22} aria-hidden="true" />
      <div>
        <p className={classes['verdict']}>
          <StateBadge tone={isIntact ? 'ok' : 'bad'}>{verification.status.toUpperCase()}</StateBadge>
          <b>
            {verification.firstBroken?.sentence ??
              'The chain is intact: up to its last position, no entry was changed, removed or inserted.'}
          </b>
        </p>
        <p>
          {formatNumber(verification.entries)} {verification.entries === 1 ? 'entry' : 'entries'},{' '}
          {verification.unsealed === 0
            ? 'all in the chain'
            : `${formatNumber(verification.unsealed)} of them not in the chain yet`}
          . Checked at {formatTime(checkedAt)}.
        </p>
        <p className={classes['anchor']}>
          Last position in the chain: {formatNumber(verification.head.position)}, with the hash{' '}
          <CopyId id={verification.head.hash} />. Store both outside the database: only a stored copy reveals
          that the end of the chain was cut off or that all hashes were recomputed.
        </p>
      </div>
    </div>
  );
};

export const Verification = ({ service }: { service: ServiceName }) => {
  const verify = useMutation<CheckedVerification, Problem>({
    mutationFn: async () => ({
      verification: await request<AuditVerification>(`/api/${service}/audit/verification`),
      checkedAt: new Date().toISOString(),
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
            Every entry is added to a hash chain within about a second. Changing, removing or inserting an
            entry later breaks the chain.
          </p>
        )}
      </div>
      {verify.isError && <ErrorMessage error={verify.error} retry={() => verify.mutate()} />}
    </Card>
  );
};
