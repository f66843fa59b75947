// A card: the container of all content on a page.
import classes from './card.module.css';

interface CardProps {
  readonly title?: string;
  /** Shown to the right of the title. */
  readonly aside?: React.ReactNode;
  /** No padding, for lists and tables that reach the edge. */
  readonly flush?: boolean;
  /** Makes the card focusable, for pages that move the focus to it. */
  readonly focusRef?: React.Ref<HTMLElement>;
  readonly children: React.ReactNode;
}

export const Card = ({ title, aside, flush = false, focusRef, children }: CardProps) => (
  <section
    className={classes['card']}
    {...(title === undefined ? {} : { 'aria-label': title })}
    {...(focusRef === undefined ? {} : { ref: focusRef, tabIndex: -1 })}
  >
    {title !== undefined && (
      <header>
        <h2>{title}</h2>
        <span className={classes['aside']}>{aside}</span>
      </header>
    )}
    <div className={flush ? undefined : classes['body']}>{children}</div>
  </section>
);
