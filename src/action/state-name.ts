/** The state that the main step keeps for the post step: what it takes to stop the service. */
export const stateName = 'service';
