// Messages that a service could not handle, of all services: by cause, then one cause, then one message. The address says which.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { failedRoute } from '../../app/router.tsx';
import { GroupView } from './group-view.tsx';
import { GroupsView } from './groups-view.tsx';
import { LetterView } from './letter/letter-view.tsx';
import { ConfirmReplay } from './replay/confirm-replay.tsx';
import { useGroupReplay, type Group } from './replay/use-group-replay.ts';

export const FailedPage = () => {
  const { service, cause, letter, state = 'parked' } = failedRoute.useSearch();
  const navigate = useNavigate({ from: '/failed' });
  // Here and not in a view, so that a replay goes on while somebody reads why one of its messages failed.
  const replays = useGroupReplay();
  const [asked, setAsked] = useState<Group>();
  const confirmed = (group: Group): void => {
    setAsked(undefined);
    replays.start(group);
    void navigate({ search: { service: group.service, cause: group.fingerprint } });
  };
  const views = { replays, onReplay: setAsked };
  return (
    <>
      {service !== undefined && letter !== undefined ? (
        <LetterView key={letter} service={service} id={letter} cause={cause} state={state} />
      ) : service !== undefined && cause !== undefined ? (
        <GroupView key={`${service} ${cause}`} service={service} cause={cause} state={state} {...views} />
      ) : (
        <GroupsView state={state} {...views} />
      )}
      <ConfirmReplay group={asked} onConfirm={confirmed} onClose={() => setAsked(undefined)} />
    </>
  );
};
