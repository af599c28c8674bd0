import '@testing-library/jest-dom/vitest';

// jsdom draws nothing, and says so each time that it is asked.
HTMLCanvasElement.prototype.getContext = () => null;
