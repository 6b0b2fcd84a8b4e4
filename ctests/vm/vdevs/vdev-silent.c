/* A shared object that registers nothing.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

int vdev_silent_is_here;
