// The dead letters of all services. The URL selects the view: all causes, one cause, or one dead letter.
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { CauseView } from './cause-view.tsx';
import { CausesView } from './causes-view.tsx';
import { LetterView } from './letter/letter-view.tsx';
import { ConfirmReplay } from './replay/confirm-replay.tsx';
import { useCauseReplay, type Cause } from './replay/use-cause-replay.ts';

const failedRoute = getRouteApi('/failed');

export const FailedPage = () => {
  const { service, cause: fingerprint, letter, state = 'parked' } = failedRoute.useSearch();
  const navigate = useNavigate({ from: '/failed' });
  // The page and not a view holds the state of the replay, so that the replay continues while the user opens a dead letter.
  const replays = useCauseReplay();
  const [toConfirm, setToConfirm] = useState<Cause>();
  const startReplay = (cause: Cause): void => {
    setToConfirm(undefined);
    replays.start(cause);
    void navigate({ search: { service: cause.service, cause: cause.fingerprint } });
  };
  const views = { replays, onReplay: setToConfirm };
  return (
    <>
      {service !== undefined && letter !== undefined ? (
        <LetterView key={letter} service={service} id={letter} fingerprint={fingerprint} state={state} />
      ) : service !== undefined && fingerprint !== undefined ? (
        <CauseView
          key={`${service} ${fingerprint}`}
          service={service}
          fingerprint={fingerprint}
          state={state}
          {...views}
        />
      ) : (
        <CausesView state={state} {...views} />
      )}
      <ConfirmReplay cause={toConfirm} onConfirm={startReplay} onClose={() => setToConfirm(undefined)} />
    </>
  );
};
