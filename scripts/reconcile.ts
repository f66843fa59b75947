// npm run reconcile
import './recover/reconcile.ts';
