import { Link } from '@tanstack/react-router';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';

export const NotFound = () => (
  <Page title="Page not found">
    <Empty title="No page exists at this address">
      <Link to="/">Go to the home page</Link>
    </Empty>
  </Page>
);
