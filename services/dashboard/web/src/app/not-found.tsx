import { Link } from '@tanstack/react-router';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';

export const NotFound = () => (
  <Page title="Nothing here">
    <Empty title="There is no page at this address">
      <Link to="/">Go to the start</Link>
    </Empty>
  </Page>
);
