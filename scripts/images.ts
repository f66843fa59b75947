// npm run images
import './quality/images/images.ts';
