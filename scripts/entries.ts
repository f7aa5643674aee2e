/** The entries of dist/: the command line, the action's steps and its sub-actions. */
export const entries = ['cli', 'main', 'post', 'compare', 'comment', 'baseline', 'merge'] as const;
