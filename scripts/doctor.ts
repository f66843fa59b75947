// npm run doctor
import './doctor/command.ts';
