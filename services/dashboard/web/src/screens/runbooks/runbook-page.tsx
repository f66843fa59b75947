// A runbook of connectors/runbooks, as it stands in the project.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import Markdown, { type Components } from 'react-markdown';
import gfm from 'remark-gfm';
import { runbookRoute } from '../../app/router.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import classes from './runbook-page.module.css';
import { idOf, runbookIn, titleAndText } from './runbook.ts';

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
  // Other runbooks are pages as well; what else a runbook links to is a file of the project.
  a: ({ href = '', children }) => {
    const to = runbookIn(href);
    return to === undefined ? (
      <span>{children}</span>
    ) : (
      <Link
        to="/runbooks/$name"
        params={{ name: to.name }}
        {...(to.section === undefined ? {} : { hash: to.section })}
      >
        {children}
      </Link>
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
  const isThere = text !== '';
  // The section is there only once the text is.
  useEffect(() => {
    const section = decodeURIComponent(window.location.hash.slice(1));
    if (isThere && section !== '') document.getElementById(section)?.scrollIntoView();
  }, [isThere, name]);
  if (runbook.isPending) return <Page title="Runbook" crumb={crumb} children={<Loading lines={8} />} />;
  if (!isThere)
    return (
      <Page title="Runbook" crumb={crumb}>
        <Empty title="There is no such runbook">{`connectors/runbooks has no ${name}.md.`}</Empty>
      </Page>
    );
  return (
    <Page title={title} crumb={crumb}>
      <Card>
        <div className={classes['runbook']}>
          <Markdown remarkPlugins={[gfm]} components={components}>
            {text}
          </Markdown>
        </div>
      </Card>
    </Page>
  );
};
