/* The cases that the vdev `calls` runs, by their numbers: CALL_ and the name.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_VDEV_CALLS_H
#define CTESTS_VDEV_CALLS_H

/* While the vdev gets its options. */
#define STARTUP_CALLS(X) \
	X(a_vdev_has_what_its_host_gave) X(timers_are_created_at_startup) X(inputs_are_assigned) \
	X(locations_are_read) X(interrupts_are_read) X(lines_are_written) X(nothing_starts_early)
/* When the guest writes to the vdev. */
#define RUNNING_CALLS(X) \
	X(operands_are_read) X(operands_are_written) X(bad_operands_are_refused) X(all_ones_are_written) \
	X(errors_become_answers) X(names_are_texts) X(interrupts_have_states) X(timers_are_set) \
	X(threads_belong_to_their_vdev) X(the_map_can_be_asked) X(the_guest_is_ended)
/* Each ends the process. */
#define FATAL_CALLS(X) \
	X(qvm_fatal_ends) X(qvm_fatal_of_the_configuration_ends) X(a_fatal_line_ends) \
	X(a_fatal_line_of_a_vdev_ends) X(a_bad_location_ends) X(a_bad_interrupt_ends) \
	X(an_input_that_is_not_there_ends) X(a_controller_that_is_none_ends) X(an_early_end_ends)

#define CALL_NUMBER(name) CALL_##name,
enum call { STARTUP_CALLS(CALL_NUMBER) RUNNING_CALLS(CALL_NUMBER) FATAL_CALLS(CALL_NUMBER) CALLS };
#undef CALL_NUMBER

/* How long the vdev's region is. A 4-byte write of a number at its start runs that case; at other
 * places it is RAM of the vdev's own. */
#define CALLS_LENGTH 0x1000

#endif
