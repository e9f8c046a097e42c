"""The engines that train the task: this one, and its peers."""
