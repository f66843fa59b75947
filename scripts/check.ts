// npm run check
import './quality/check.ts';
