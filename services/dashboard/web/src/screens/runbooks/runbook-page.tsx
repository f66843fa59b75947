// A runbook from connectors/runbooks, rendered as a page.
import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { useEffect } from 'react';
import Markdown, { type Components } from 'react-markdown';
import gfm from 'remark-gfm';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import classes from './runbook-page.module.css';
import { idOf, runbookIn, titleAndText } from './runbook.ts';

const runbookRoute = getRouteApi('/runbooks/$name');

const files = import.meta.glob<string>('../../../../../../connectors/runbooks/*.md', {
  query: '?raw',
  import: 'default',
});
const textOf = async (name: string): Promise<string | null> =>
  (await files[`../../../../../../connectors/runbooks/${name}.md`]?.()) ?? null;

const Heading = ({ children }: { children?: React.ReactNode }) => <h2 id={idOf(children)}>{children}</h2>;

const components: Components = {
  h2: Heading,
  h3: Heading,
  // Links to files of the repository are shown as plain text, because the dashboard does not serve those files.
  a: ({ href = '', children }) => {
    const target = runbookIn(href);
    if (target !== undefined)
      return (
        <Link
          to="/runbooks/$name"
          params={{ name: target.name }}
          {...(target.section === undefined ? {} : { hash: target.section })}
        >
          {children}
        </Link>
      );
    if (href.startsWith('#')) return <a href={href}>{children}</a>;
    if (!href.startsWith('https://')) return <span>{children}</span>;
    return (
      <a href={href} target="_blank" rel="noreferrer">
        {children}
      </a>
    );
  },
};

export const RunbookPage = () => {
  const { name } = runbookRoute.useParams();
  const runbook = useQuery({
    queryKey: ['runbooks', name],
    queryFn: () => textOf(name),
    staleTime: Infinity,
  });
  const crumb = <Link to="/pipelines">Pipelines</Link>;
  const { title, text } = titleAndText(runbook.data ?? '');
  const isFound = text !== '';
  // The element of the section exists only after the text has loaded.
  useEffect(() => {
    const section = window.location.hash.slice(1);
    if (isFound && section !== '') document.getElementById(section)?.scrollIntoView();
  }, [isFound, name]);
  if (runbook.isPending)
    return (
      <Page title="Runbook" crumb={crumb}>
        <Loading lines={8} />
      </Page>
    );
  if (runbook.isError)
    return (
      <Page title="Runbook" crumb={crumb}>
        <ErrorMessage error={runbook.error} retry={() => void runbook.refetch()} />
      </Page>
    );
  if (!isFound)
    return (
      <Page title="Runbook" crumb={crumb}>
        <Empty title="Runbook not found">{`There is no connectors/runbooks/${name}.md.`}</Empty>
      </Page>
    );
  return (
    <Page title={title} crumb={crumb}>
      <Card>
        <div className={classes['runbook']}>
          {/-- order\b|order-outbox|order_outbox/.test(text) && (
            <p>
              <em>
                The commands are for the order service. For another pipeline, use the name of its service.
              </em>
            </p>
          )}
          <Markdown remarkPlugins={[gfm]} components={components}>
            {text}
          </Markdown>
        </div>
      </Card>
    </Page>
  );
};
