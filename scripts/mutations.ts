// npm run test:mutations
import './quality/mutations.ts';
