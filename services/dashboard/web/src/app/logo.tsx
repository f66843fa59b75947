export const Logo = () => (
  <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
    <rect x="1" y="4" width="8" height="6" rx="2" fill="var(--order)" />
    <rect x="13" y="1" width="8" height="6" rx="2" fill="var(--inventory)" />
    <rect x="13" y="15" width="8" height="6" rx="2" fill="var(--payment)" />
    <path d="M9 7h2c2 0 0-3 2-3M9 7h2c3 0-1 11 2 11" stroke="var(--cdc)" strokeWidth="1.6" fill="none" />
  </svg>
);
