// npm run alerts
import './quality/alerts.ts';
