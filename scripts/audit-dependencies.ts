// npm run audit:dependencies
import './quality/audit-dependencies.ts';
