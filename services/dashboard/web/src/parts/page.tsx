// The layout of a page: breadcrumb, title, actions and content.
import { useEffect } from 'react';
import classes from './page.module.css';

interface PageProps {
  readonly title: string;
  /** The breadcrumb above the title. */
  readonly crumb?: React.ReactNode;
  /** Shown next to the title. */
  readonly beside?: React.ReactNode;
  /** Buttons and filters, shown on the right. */
  readonly actions?: React.ReactNode;
  readonly children: React.ReactNode;
}

export const Page = ({ title, crumb, beside, actions, children }: PageProps) => {
  useEffect(() => {
    document.title = `${title} · OrderFlow`;
  }, [title]);
  return (
    <main className={classes['page']} id="content" tabIndex={-1}>
      <div>
        {crumb !== undefined && <p className={classes['crumb']}>{crumb}</p>}
        <div className={classes['head']}>
          <h1>{title}</h1>
          {beside}
          <span className={classes['actions']}>{actions}</span>
        </div>
      </div>
      {children}
    </main>
  );
};

interface ColumnsProps {
  readonly children: React.ReactNode;
  readonly aside: React.ReactNode;
  /** The narrow column stays in view while the page scrolls. */
  readonly sticky?: boolean;
}
/** A wide and a narrow column; stacked on a small screen. */
export const Columns = ({ children, aside, sticky = false }: ColumnsProps) => (
  <div className={classes['columns']}>
    <div className={classes['column']}>{children}</div>
    <div className={classes['column']} data-sticky={sticky}>
      {aside}
    </div>
  </div>
);
