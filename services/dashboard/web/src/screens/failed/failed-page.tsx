// The dead letters of all services: all causes, one cause, or one dead letter. The URL selects the view.
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
  // Kept here and not in a view, so that a replay continues while the user opens one of its dead letters.
  const replays = useGroupReplay();
  const [toConfirm, setToConfirm] = useState<Group>();
  const confirmed = (group: Group): void => {
    setToConfirm(undefined);
    replays.start(group);
    void navigate({ search: { service: group.service, cause: group.fingerprint } });
  };
  const views = { replays, onReplay: setToConfirm };
  return (
    <>
      {service !== undefined && letter !== undefined ? (
        <LetterView key={letter} service={service} id={letter} cause={cause} state={state} />
      ) : service !== undefined && cause !== undefined ? (
        <GroupView key={`${service} ${cause}`} service={service} cause={cause} state={state} {...views} />
      ) : (
        <GroupsView state={state} {...views} />
      )}
      <ConfirmReplay group={toConfirm} onConfirm={confirmed} onClose={() => setToConfirm(undefined)} />
    </>
  );
};
