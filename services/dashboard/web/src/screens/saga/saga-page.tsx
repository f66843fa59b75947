// The saga of an order, as a timeline or a table, with the details of the selected event.
import { Button, CopyButton, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { storyQuery } from '../../api/admin-queries.ts';
import type { Story } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { isOrderStatus } from '../../parts/order-status.ts';
import { Page } from '../../parts/page.tsx';
import { OrderStatusBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { PipelineWarning } from '../pipelines/pipeline-warning.tsx';
import { EventCard } from './event-card.tsx';
import { sagaOf } from './saga-model.ts';
import classes from './saga-page.module.css';
import { SagaTable } from './saga-table.tsx';
import { SagaTimeline } from './saga-timeline.tsx';
import { isInProgress, summaryOf, titleOf, waitsOf } from './saga-title.ts';

const sagaRoute = getRouteApi('/all-orders/$id');

const Waits = ({ sentences }: { sentences: readonly string[] }) =>
  sentences.length === 0 ? null : (
    <Card title="What this order is waiting for">
      <ul className={classes['waits']}>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </Card>
  );

/** Opens and closes an event by changing the URL. An event that is opened by keyboard gets the focus; closing the event returns the
 *  focus to the element that opened it. */
const useOpenEvent = (opened: string | undefined) => {
  const navigate = useNavigate({ from: '/all-orders/$id' });
  const [page, card] = [useRef<HTMLDivElement>(null), useRef<HTMLElement>(null)];
  const opener = useRef<Element>(null);
  const takesFocus = useRef(false);
  useEffect(() => {
    if (takesFocus.current) card.current?.focus();
    takesFocus.current = false;
  }, [opened]);
  return {
    page,
    card,
    select: (eventId: string, byKeyboard: boolean) => {
      opener.current = document.activeElement;
      if (byKeyboard && eventId === opened) card.current?.focus();
      else takesFocus.current = byKeyboard;
      void navigate({
        search: (search) => ({ ...search, event: eventId }),
        replace: true,
        resetScroll: false,
      });
    },
    close: () => {
      if (opened === undefined) return;
      const lastFocused = page.current?.contains(opener.current) === true ? opener.current : null;
      const target = lastFocused ?? page.current?.querySelector('[role="button"][tabindex="0"], button');
      if (target instanceof HTMLElement || target instanceof SVGElement) target.focus();
      void navigate({ search: ({ event: _, ...search }) => search, replace: true, resetScroll: false });
    },
  };
};

const StoryView = ({ story, now }: { story: Story; now: number }) => {
  const { event: selected, view } = sagaRoute.useSearch();
  const saga = useMemo(() => sagaOf(story, now), [story, now]);
  const start = Math.min(...story.events.map(({ occurredAt }) => occurredAt));
  const event = story.events.find(({ id }) => id === selected);
  const { select, close, card, page } = useOpenEvent(event?.id);
  return (
    <div ref={page} className={classes['story']} onKeyDown={(key) => key.key === 'Escape' && close()}>
      <Waits sentences={waitsOf(story, saga, now)} />
      {story.events.length === 0 && (
        <Empty title="No events available">
          By default, the outbox keeps events for seven days. The order and its history are kept longer.
        </Empty>
      )}
      {story.events.length > 0 &&
        (view === 'table' ? (
          <SagaTable story={story} start={start} select={select} />
        ) : (
          <SagaTimeline saga={saga} followsEnd={isInProgress(story)} selected={event?.id} select={select} />
        ))}
      {event !== undefined && <EventCard event={event} start={start} focusRef={card} close={close} />}
    </div>
  );
};

export const SagaPage = () => {
  const { id } = sagaRoute.useParams();
  const { view } = sagaRoute.useSearch();
  const navigate = useNavigate({ from: '/all-orders/$id' });
  const story = useQuery(storyQuery(id));
  const [order] = story.data?.orders ?? [];
  return (
    <Page
      title={story.data === undefined ? 'Order' : titleOf(story.data)}
      crumb={
        <>
          <Link to="/all-orders">Orders</Link> / <CopyId id={order?.id ?? id} whole />
        </>
      }
      beside={
        <>
          {order !== undefined && isOrderStatus(order.status) && <OrderStatusBadge status={order.status} />}
          {story.data !== undefined && <span className={classes['sub']}>{summaryOf(story.data)}</span>}
        </>
      }
      actions={
        story.data !== undefined && (
          <>
            <LiveMark state={liveStateOf(story)} />
            <CopyButton value={JSON.stringify(story.data, null, 2)}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy as JSON'}
                </Button>
              )}
            </CopyButton>
            <SegmentedControl
              aria-label="View"
              value={view ?? 'timeline'}
              onChange={(value) =>
                void navigate({
                  search: ({ view: _, ...search }) =>
                    value === 'table' ? { ...search, view: 'table' } : search,
                  replace: true,
                })
              }
              data={[
                { value: 'timeline', label: 'Timeline' },
                { value: 'table', label: 'Table' },
              ]}
            />
          </>
        )
      }
    >
      {story.isPending && <Loading lines={8} />}
      {story.isError && story.data === undefined && (
        <ErrorMessage error={story.error} retry={() => void story.refetch()} />
      )}
      <PipelineWarning>
        Events do not reach Kafka or will soon stop reaching it, so orders can be delayed.
      </PipelineWarning>
      {story.data !== undefined && <StoryView story={story.data} now={story.dataUpdatedAt} />}
    </Page>
  );
};
